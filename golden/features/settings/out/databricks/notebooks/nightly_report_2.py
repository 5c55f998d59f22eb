# Databricks notebook source
# The task `nightly_report_2` of the pipeline `settings`, from pipeline.py line 54. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("nightly_report_2", dbutils)
