#!/usr/bin/env bash
# What some tests need and the program does not: a Chromium, the tools we are compared with in their own
# environment (datacontract-cli's engine wants an older DuckDB than ours), and Spark with a Java. What cannot be had is
# skipped and counted.
set -euo pipefail
cd "$(dirname "$0")/.."

# A registry that answers with an error now may answer in a while.
again() {
  local wait
  for wait in 3 10 30; do
    "$@" && return 0
    echo "That did not work; once more in ${wait} s …"
    sleep "$wait"
  done
  "$@"
}

apt_install() {
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

peers() {
  .venv/bin/uv venv --quiet --allow-existing .venv-peers \
    && .venv/bin/uv pip install --quiet --python .venv-peers/bin/python -r tests/peers/requirements.txt
}

if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null \
    && ! command -v google-chrome >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium for the browser tests …"
    again apt_install chromium fonts-dejavu-core \
      || echo "Chromium could not be installed; the browser tests will be skipped."
  else
    echo "There is no Chromium here; the browser tests will be skipped."
  fi
fi

if [ ! -e .venv-peers/.installed ] || [ tests/peers/requirements.txt -nt .venv-peers/.installed ]; then
  { again peers && touch .venv-peers/.installed; } \
    || echo "The peers could not be installed; comparisons with them will be skipped."
fi

if ! .venv/bin/python -c 'import pyspark' 2>/dev/null; then
  echo "Installing PySpark for the test of two engines …"
  again .venv/bin/uv sync --frozen --quiet --inexact --group spark \
    || echo "PySpark could not be installed; the test of two engines will be skipped."
fi
if ! command -v java >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing a Java for Spark …"
    again apt_install default-jre-headless \
      || echo "Java could not be installed; the test of two engines will be skipped."
  else
    echo "There is no Java here; the test of two engines will be skipped."
  fi
fi
