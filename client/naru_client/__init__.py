"""What is true of a computing centre without a screen: the model, the dialects that read it, the insight drawn from it."""

__version__ = "0.1.0"
