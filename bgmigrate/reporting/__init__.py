"""What was found, in the forms that others read: annotations of a pipeline, JUnit XML, a page. One form, one file; all need findings only."""
