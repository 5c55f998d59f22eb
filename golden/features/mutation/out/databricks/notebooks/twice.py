# Databricks notebook source
# The task `twice` of the pipeline `mutation`, from pipeline.py line 82. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("twice", dbutils)
