"""What the model works with: its tools, and what it is told of them."""

import os

from harness.builders.claude import prompts
from harness.capture.explore.exploring import PASSWORD_VARIABLE
from harness.capturing import Running
from harness.chat.account import TEMPLATE
from harness.chat.browser_tools import BrowserTools
from harness.chat.browsing import Browsing
from harness.chat.documentation_tools import DocumentationTools
from harness.chat.knowledge import Knowledge
from harness.chat.terminal import told
from harness.chat.toolbox import Tool
from harness.chat.traffic_tools import TrafficTools


def browsing_of(running: Running) -> Browsing:
    return Browsing(running.session, os.environ.get(PASSWORD_VARIABLE) or None)


def tools_for(browsing: Browsing, knowledge: Knowledge) -> list[Tool]:
    return [
        *BrowserTools(browsing, told).offered(),
        *TrafficTools(knowledge, told).offered(),
        *DocumentationTools(knowledge, told).offered(),
    ]


def system_prompt(
    running: Running, browsing: Browsing, *, person: bool, login: str | None = None
) -> str:
    return prompts.filled(
        TEMPLATE,
        title=running.project.title,
        url=running.session.wishes.url,
        hosts=browsing.hosts,
        users=browsing.users,
        person=person,
        login=login,
        password=PASSWORD_VARIABLE if browsing.password else None,
    )
