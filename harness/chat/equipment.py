"""What the model works with: its tools, and what it is told of them."""

from harness.builders.claude import prompts
from harness.capturing import Running
from harness.chat.browser_tools import BrowserTools
from harness.chat.browsing import Browsing
from harness.chat.documentation_tools import DocumentationTools
from harness.chat.knowledge import Knowledge
from harness.chat.terminal import told
from harness.chat.toolbox import Tool
from harness.chat.traffic_tools import TrafficTools


def tools_for(browsing: Browsing, knowledge: Knowledge) -> list[Tool]:
    return [
        *BrowserTools(browsing, told).offered(),
        *TrafficTools(knowledge, told).offered(),
        *DocumentationTools(knowledge, told).offered(),
    ]


def system_prompt(running: Running, browsing: Browsing, *, person: bool) -> str:
    return prompts.filled(
        "chat.md.j2",
        title=running.project.title,
        url=running.session.wishes.url,
        hosts=browsing.hosts,
        person=person,
    )
