"""Objects that are not, or not only, pictures, as plain JSON for our viewer: nothing here changes what is stored."""
