"""What all tests share: property tests without deadlines, the same examples in every run."""

from hypothesis import settings

settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")
