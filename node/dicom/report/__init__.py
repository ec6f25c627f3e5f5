"""What a signed report becomes as DICOM: narrative, measurements, key images, presentation states and the printed sheet.

`bundle` makes all documents of one version; `narrative` and `reading` are each other's opposites.
"""
