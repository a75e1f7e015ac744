"""Who is live, and whether the other one is gone."""
