"""What goes in and out of the scorecard and of freezes."""

from apiflask import Schema
from apiflask.fields import UUID, Boolean, DateTime, Dict, Float, Function, Integer, List, Nested, String
from apiflask.validators import Length

from marketplace.core.http import StrictSchema


class ScoreOut(Schema):
    """How one group of past ranges did."""

    segment = String()
    count = Integer()
    coverage = Float()
    coverage_low = Float()
    coverage_high = Float()
    bias = Float()
    median_error = Float()
    width_ratio = Float()
    pinball = Float()
    rank_correlation = Float(allow_none=True)


class LevelOut(Schema):
    """One level of the calibration curve."""

    stated = Float()
    observed = Float()
    low = Float()
    high = Float()


class GroupCoverageOut(Schema):
    """How our ranges did for one group of askers."""

    panel = String()
    group = String()
    count = Integer()
    coverage = Float()
    coverage_low = Float()
    coverage_high = Float()
    bias = Float()
    alarm = Boolean()


class FreezeLiftIn(StrictSchema):
    """Why automatic values may go on."""

    reason = String(required=True, validate=Length(1, 1000))


class FreezeOut(Schema):
    """A stop of automatic values for a purpose."""

    id = UUID()
    purpose = Function(lambda freeze: freeze.purpose.value)
    frozen_at = DateTime()
    standard_errors = Float()
    lifted_at = DateTime(allow_none=True)
    lifted_because = String(allow_none=True)


class ScorecardOut(Schema):
    """The public scorecard; empty until deals close."""

    aim = Float()
    enough = Integer()
    scores = List(Nested(ScoreOut))
    calibration = List(Nested(LevelOut))
    fairness = List(Nested(GroupCoverageOut))
    outcomes = Dict()
    frozen = List(String())
    drift = Float(allow_none=True)
    drift_alarm = Boolean()
