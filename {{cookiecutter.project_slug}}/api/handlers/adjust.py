"""The last word on predictions: in JSON, in tables and in `make score` alike."""

from modelapi import Prediction, Signature


def adjust(prediction: Prediction, signature: Signature) -> Prediction:
    """Return what is answered where the model says `prediction`, for all rows that it was asked for at once.

    prediction.labels : for each target an array of shape (n_rows,).
    prediction.probabilities : for each target an array of shape (n_rows, n_classes) in the order of
        signature.target.classes, or None if the model has none.
    """
    # A threshold, for example:
    #     survived = prediction.probabilities[0][:, 1] > 0.3
    #     return prediction.replace(labels=[survived.astype(int)])  # Or probabilities=[…].
    return prediction
