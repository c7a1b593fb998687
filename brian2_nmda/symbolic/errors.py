"""The one exception of this package; wrong dimensions raise Brian2's DimensionMismatchError."""


class ModelError(ValueError):
    """A model, or its use in Brian2, is wrong; raised before the simulation starts.

    The message names the model and the variable, says what was expected and found, and what to
    write instead.
    """
