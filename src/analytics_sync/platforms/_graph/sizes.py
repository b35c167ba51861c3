"""How much the Graph API takes and gives at a time; light, because forecasts count with it."""

from typing import Final

LARGEST_BATCH: Final = 50
LARGEST_PAGE: Final = 100
# The order of a Page's posts is a ranking, so one old post says nothing of the next. But about 600
# posts a year are all that can be reached, and half a year of older posts in a row is the end.
OLD_IN_A_ROW: Final = 300
