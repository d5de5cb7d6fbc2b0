"""The images of an audit that keep their place, as files for the next run of cryoDRGN."""

from encaudit.selecting.choice import Selection, choose
from encaudit.selecting.files import FilteredStar, Outputs, write_selection

__all__ = ["FilteredStar", "Outputs", "Selection", "choose", "write_selection"]
