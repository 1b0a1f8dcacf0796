"""The offline builder: compiles an API model to a FastAPI backend, deterministically.

`generate` returns the files of the backend. Emitters, one a file, walk the model and write into
`Source` objects (which collect imports); what does not depend on single operations comes from
the Jinja2 templates. Order matters: views and routes note what they use, models and helpers are
written last and hold nothing else.
"""

from harness.builders.offline.seeding import seed_document, seed_json
from harness.builders.offline.synthesizer import generate

__all__ = ["generate", "seed_document", "seed_json"]
