"""From curves to the report dict: measures, differences, verdict."""
