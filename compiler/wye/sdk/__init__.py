"""What users import: decorators and settings in; out comes a pipeline that runs as plain Python, by value."""
