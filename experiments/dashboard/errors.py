"""What keeps the dashboard from its work, said to the person who started it."""


class DashboardError(Exception):
    """The dashboard cannot do what was asked; the message is one sentence for the user."""
