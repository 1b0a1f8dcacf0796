"""Features: the behaviours of the original, each with what decides whether the clone has it.

`derive` makes the list from a model and its recordings: `routes` says which operation an exchange
belongs to and in which order resources are built, `behaviour` which behaviour it shows, `feature`
holds one entry and the file. Features come from traffic alone; spec.md is the user's own account.
"""
