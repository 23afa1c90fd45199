"""The little CSS for what the theme in .streamlit/config.toml cannot express."""

from __future__ import annotations

import streamlit as st

# Streamlit leaves much space above the page; a tool for work needs the room.
_ROOM = """
.stMainBlockContainer{padding:4.2rem 2.5rem 2rem}
@media(max-width:640px){.stMainBlockContainer{padding:4.2rem 1rem 2rem}}
[data-testid=stSidebarHeader]{min-height:1rem;height:2.2rem}
[data-testid=stSidebarUserContent]{padding-bottom:.8rem}
[data-testid=stSidebarUserContent] [data-testid=stVerticalBlock]{gap:.6rem}
[data-testid=stSidebarUserContent] hr{margin:.3rem 0}
"""

# Streamlit says in English alone that Enter applies what was typed.
_ENGLISH = "[data-testid=InputInstructions]{display:none}"

# On a phone the choices of a chat are one row of icons, and what they are called is still said.
_BAR = """
@media(max-width:640px){
.st-key-settings_bar .stPopover p{position:absolute;width:1px;height:1px;overflow:hidden;
clip-path:inset(50%)}
}
.st-key-settings_bar>:is(.st-key-models_picker,:has(>.st-key-models_picker))
{flex:0 1 17rem;min-width:0}
"""

# The drawer of the wire stands beside the chat; on a small screen it takes the place of it.
_WIRE = """
[data-testid=stHorizontalBlock]:has(.st-key-surface):not(:has(.st-key-wire_panel))
>[data-testid=stColumn]:last-child{display:none}
@media(min-width:901px){
[data-testid=stHorizontalBlock]:has(>[data-testid=stColumn] .st-key-surface):has(.st-key-wire_panel)
>[data-testid=stColumn]:first-child{flex:1 1 0;min-width:0;width:auto}
[data-testid=stHorizontalBlock]:has(>[data-testid=stColumn] .st-key-surface):has(.st-key-wire_panel)
>[data-testid=stColumn]:last-child{flex:0 0 var(--wire,45%);min-width:0;width:auto}
}
.st-key-wire_panel{height:calc(100dvh - 9rem);overflow:auto;padding:.2rem .2rem 1rem 1rem;
border-left:1px solid color-mix(in srgb,currentColor 18%,transparent)}
@media(max-width:900px){
.st-key-wire_panel{position:fixed;inset:3.6rem 0 0;height:auto;z-index:90;padding:.5rem 1rem 1rem;
border:0;background:var(--st-background-color,Canvas)}
}
"""

_CODE = """
[class*=st-key-definition_] textarea,[class*=st-key-json_] textarea,
[class*=_arguments_] textarea,.st-key-tool_paste textarea,.st-key-pasted textarea
{font-family:monospace;font-size:.85rem;line-height:1.45}
"""

# Labels of icon buttons are hidden from view only; screen readers still need the name.
_ICONS = """
[class*=st-key-icon_] button [data-testid=stMarkdownContainer]
{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
[class*=st-key-icon_] button kbd{display:none}
"""

# Streamlit's colours of code have a contrast of 2 to 4 on a light page; WCAG 2.1 asks for 4.5.
_LIGHT = """
[data-testid=stCode] .token{--c:#14191c}
[data-testid=stCode] .token:is(.comment,.punctuation){--c:#5c6170}
[data-testid=stCode] .token:is(.keyword,.function,.class-name){--c:#1763ad}
[data-testid=stCode] .token:is(.operator,.decorator){--c:#a34a00}
[data-testid=stCode] .token.number{--c:#0f7468}
[data-testid=stCode] .token:is(.string,.boolean,.inserted){--c:#0b7333}
[data-testid=stCode] .token:is(.property,.variable,.parameter){--c:#00708f}
[data-testid=stCode] .token.deleted{--c:#c4261d}
[data-testid=stCode] .token.token{color:var(--c)!important}
[data-testid=stButtonGroup] button[data-selected=true]:hover :is(p,span){color:#1f524e}
"""

# Streamlit writes white on the primary colour, whatever that is: too pale on a dark theme's.
_DARK = """
[data-testid^=stBaseButton-primary],[data-testid^=stBaseButton-primary]:hover{color:#0d1f1d}
[data-testid=stCode] .token.token:is(.keyword,.function,.class-name){color:#5aa9f0!important}
"""


def show_style() -> None:
    """Send the style with the page."""
    colours = _DARK if st.context.theme.type == "dark" else _LIGHT
    st.html(f"<style>{_ROOM}{_ENGLISH}{_BAR}{_WIRE}{_CODE}{_ICONS}{colours}</style>")
