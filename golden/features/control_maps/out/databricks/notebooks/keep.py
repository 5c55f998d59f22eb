# Databricks notebook source
# The task `keep` of the pipeline `maps`, from pipeline.py line 42. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("keep", dbutils)
