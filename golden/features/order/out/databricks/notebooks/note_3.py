# Databricks notebook source
# The task `note_3` of the pipeline `order`, from pipeline.py line 70. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("note_3", dbutils)
