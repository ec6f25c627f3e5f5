"""The bytes: the spool at the door and the objects inside."""
