"""Chromium for tests of pages."""

import shutil

from selenium import webdriver
from selenium.webdriver.chrome.service import Service


def start(width=1280, height=800, dark=False):
    """A driver of a browser without a screen; who started it calls quit()."""
    options = webdriver.ChromeOptions()
    # Root in a container has no sandbox to use, and /dev/shm is small there.
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                 "--disable-lcd-text"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                           {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
    return driver
