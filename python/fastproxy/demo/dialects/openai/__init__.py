"""What the dialects of OpenAI share: the service around them, the rules for schemas, and media in data URLs."""
