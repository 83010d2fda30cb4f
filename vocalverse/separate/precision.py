"""How exactly a network reckons. A release pins it, because scores depend on it."""

from enum import StrEnum


class Precision(StrEnum):
    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"
