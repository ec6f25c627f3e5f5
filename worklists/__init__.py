"""Who does what, next: reading tasks and (later) modality worklists."""
