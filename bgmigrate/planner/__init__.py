"""From two versions to revision files: compare their schemas, let the kinds of change claim what differs, write what a person reviews."""
