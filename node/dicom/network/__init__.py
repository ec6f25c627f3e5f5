"""The DICOM network (PS3.7, PS3.8): the upper layer, associations on both sides, and the services offered over them."""
