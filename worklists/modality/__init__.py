"""Orders for modalities: entered by hand, over HTTP or from files; asked for by Modality Worklist, and reported as performed."""
