"""All endpoints in one router, for our own application and for others'."""

from fastapi import APIRouter

from analytics_sync.shim.jobs import router as jobs
from analytics_sync.shim.machine import router as machine
from analytics_sync.shim.numbers import router as numbers
from analytics_sync.shim.published import router as published
from analytics_sync.shim.runs import router as runs

router = APIRouter()
for part in (jobs, runs, numbers, published, machine):
    router.include_router(part)
