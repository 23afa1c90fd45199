"""Remarks about a text that was read."""

from __future__ import annotations

from core.note import notes

REMARKS = notes(
    "remark",
    {
        "": """not_a_function renamed made_up_name no_server cookie credentials body_type option
            outside_ref decorator not_read same_name"""
    },
)
