"""Reports: templates, text, life from draft to addendum."""
