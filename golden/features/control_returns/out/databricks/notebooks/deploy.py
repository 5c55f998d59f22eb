# Databricks notebook source
# The task `deploy` of the pipeline `returns`, from pipeline.py line 49. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("deploy", dbutils)
