"""So we act: what is done about a finding, step by step, and a record of it that nobody can change unseen."""
