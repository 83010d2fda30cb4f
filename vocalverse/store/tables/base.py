"""What all tables share: names of constraints, types of columns, ids that sort by time."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import REAL, DateTime, Enum, Float, Integer, MetaData, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

from vocalverse.ids import uuid7


def enum(kind: type[StrEnum], name: str) -> Enum:
    """A native enum of Postgres with the words that go over the wire."""
    return Enum(kind, name=name, values_callable=lambda members: [member.value for member in members])


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
            "pk": "%(table_name)s_pkey",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy declares it so
        str: Text,
        float: Float(53),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
        list[float]: ARRAY(REAL),
        list[int]: ARRAY(Integer),
    }


Key = Annotated[UUID, mapped_column(primary_key=True, default=uuid7)]
Now = Annotated[datetime, mapped_column(server_default=func.now())]
