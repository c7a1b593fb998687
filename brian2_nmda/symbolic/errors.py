"""The one exception of this package; wrong dimensions raise Brian2's DimensionMismatchError."""


class ModelError(ValueError):
    """A model, or its use in Brian2, is wrong; raised before the simulation starts.

    The message names the model and the variable, says what was expected and found, and what to
    write instead.
    """


def model_error_in(error: BaseException | None) -> ModelError | None:
    """The `ModelError` that an error is, or that Brian2 has wrapped in it; ``None`` if there is none."""
    while error is not None and not isinstance(error, ModelError):
        error = error.__cause__
    return error
