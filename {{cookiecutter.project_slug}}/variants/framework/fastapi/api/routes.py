"""The routes. ModelRoute makes those short that ask for no more than the model; all else is plain FastAPI."""

from fastapi import APIRouter
from modelapi.fastapi import CurrentModel, ModelRoute, Options, Prediction, Records

router = APIRouter(route_class=ModelRoute)


@router.post("/predict")
async def predict(model: CurrentModel, records: Records, options: Options) -> Prediction:
    """Predict one record, a list of records, or a table in CSV or NDJSON."""
    return await model.predict(records, options)
