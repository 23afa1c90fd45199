"""What there is to know about a text that was read."""

from __future__ import annotations

from collections.abc import Mapping

from core.note import Note

REMARKS: Mapping[str, Note] = {
    "not_a_function": Note("remark.not_a_function"),
    "renamed": Note("remark.renamed"),
    "made_up_name": Note("remark.made_up_name"),
    "no_server": Note("remark.no_server"),
    "cookie": Note("remark.cookie"),
    "credentials": Note("remark.credentials"),
    "body_type": Note("remark.body_type"),
    "option": Note("remark.option"),
    "outside_ref": Note("remark.outside_ref"),
    "decorator": Note("remark.decorator"),
    "not_read": Note("remark.not_read"),
    "same_name": Note("remark.same_name"),
}
