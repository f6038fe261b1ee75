"""Examples and exit codes that end the help texts."""

PIPELINES = """\
  python run.py --pipeline training
  python run.py --pipeline training --model logistic --condition lighting
  python run.py --pipeline training model=fisher gate.minimum_images=10 test_share=0.3
  python run.py --pipeline training --multirun seed=1,2,3 model=svm,fisher
  python run.py --pipeline training --profile       # where the time goes: a flame graph
  python run.py --pipeline training --data path/to/people
  python run.py --pipeline training --settings      # all settings, their meaning and source
  python run.py --pipeline training --data synthetic --model fisher --shards 8
  python run.py --pipeline training --data version:c1d87ac550e4
  python run.py --pipeline reproduce --version 1    # train it again, and compare bit by bit
  python run.py --pipeline reproduce --version 1 --summary result.json
  python run.py --pipeline sweep --minutes 5
  python run.py --pipeline deployment
  python run.py --pipeline deployment --rollout canary
  python run.py --pipeline traffic --condition yaw=left,right --requests 60
  python run.py --pipeline traffic --corruption blur
  python run.py --pipeline drift_detection
  python run.py --pipeline drift_detection --every 10min
  python run.py --pipeline batch --data photos      # a table with a row for each face
  python run.py --pipeline batch --data captured --version 2 --csv faces.csv
  python run.py --pipeline rollback --reason "wrong names since this morning"
  python run.py --pipeline history --page history.html --export audit.csv
  python run.py --pipeline forget --person s07
  python run.py --pipeline forget                   # finish an erasure that was killed
"""

OTHERS = """\
  python run.py --pipeline training --help          # options of the training pipeline
  python run.py predict ada.png
  python run.py endpoint                            # is it running, and since when?
  python run.py review                              # what waits for a person, and how to answer
  python run.py --register-stacks --dry-run
  python run.py --doctor --stack gcp
"""

EXIT_CODES = "exit codes: 0 done, 1 failed, 2 wrong input, 130 interrupted"


def all_examples() -> str:
    """Return all examples, and the exit codes."""
    return f"examples:\n{PIPELINES}{OTHERS}\n{EXIT_CODES}"


def pipeline_examples(name: str) -> str:
    """Return the examples of one pipeline, and the exit codes.

    Args:
        name: The pipeline.

    Returns:
        At least one example.
    """
    command = f"python run.py --pipeline {name}"
    lines = [
        line for line in PIPELINES.splitlines() if f"{line.strip()} ".startswith(f"{command} ")
    ]
    lines.append(f"  {command} --summary result.json     # write the result as JSON, too")
    return "\n".join(["examples:", *lines, "", EXIT_CODES])
