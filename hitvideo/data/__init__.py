"""Where training clips come from: Toon, and folders of videos."""
