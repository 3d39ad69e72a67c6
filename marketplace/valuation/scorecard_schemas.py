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


class BandOut(Schema):
    """Offers of which nearly the same chance of a sale was said."""

    least = Float()
    most = Float()
    count = Integer()
    said = Float(allow_none=True)
    sold = Float(allow_none=True)
    low = Float(allow_none=True)
    high = Float(allow_none=True)
    enough = Boolean()


class SaleScoresOut(Schema):
    """How well past chances of a sale within the horizon fit what came of the offers."""

    horizon_months = Integer()
    cases = Integer()
    waiting = Integer()
    left_out = Integer()
    enough = Boolean()
    brier = Float(allow_none=True)
    brier_of_overall_share = Float(allow_none=True)
    mean_gap = Float(allow_none=True)
    alarm = Boolean()
    bands = List(Nested(BandOut))


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
    sale = Nested(SaleScoresOut)
    frozen = List(String())
    drift = Float(allow_none=True)
    drift_alarm = Boolean()
