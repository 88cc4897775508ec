"""The least application, for a model that has no project: `app` predicts with the current model of where it stands."""

from fastapi import APIRouter, FastAPI

from modelapi.fastapi import CurrentModel, ModelApi, ModelRoute, Options, Prediction, Records
from modelapi.serving.settings import Settings

router = APIRouter(route_class=ModelRoute)


@router.post("/predict")
async def predict(model: CurrentModel, records: Records, options: Options) -> Prediction:
    """Predict one record, a list of records, or a table in CSV or NDJSON."""
    return await model.predict(records, options)


settings = Settings.load()
app = FastAPI(title=settings.title, version=settings.version, docs_url=None, redoc_url=None, openapi_url=None)
app.include_router(router)
ModelApi(settings).init_app(app)
