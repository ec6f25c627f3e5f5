"""The web server: the API of the pages, DICOMweb, and the pages themselves. It decides nothing that a stage decides."""
