"""Images of avatars: decoded from points of the local density of many patients' images, and written as valid DICOM.

``stacks`` reads patients' images, ``shape`` brings bodies to one frame, ``lesion`` measures and draws, ``eigen`` and
``autoencoder`` are the encoders, ``features`` is the vector of a patient, ``decode`` the way back, ``write`` DICOM.
"""
