"""One module per stage, in the order in which a study meets them. Only here and in `worklists` are transactions opened."""
