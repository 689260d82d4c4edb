"""`make operator-key`: create an operator's key with your own AWS credentials, such as the first key of a stack.

Anyone who may write to the stack's accounts table can create one. That is an IAM permission, not a role of the API.
"""

import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from dnc.accounts.access import Role
from dnc.accounts.store import Accounts
from dnc.accounts.tokens import PLATFORM
from dnc.times import now

USAGE = 'usage: make operator-key STACK=<stack name> NAME="who it is for"'


def accounts_table(stack: str) -> str:
    """Return the name of a deployed stack's accounts table. Raises ClientError, or KeyError if it has none."""
    description = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}
    return str(outputs["AccountsTableName"])


def create(stack: str, name: str) -> str:
    """Create an operator's key and return its token, which is not stored anywhere."""
    accounts = Accounts(boto3.client("dynamodb"), accounts_table(stack))
    by = str(boto3.client("sts").get_caller_identity()["Arn"])
    return str(accounts.make_key(PLATFORM, Role.OPERATOR, name, None, by, now())["token"])


def main() -> int:
    """Print a new operator's token, and nothing else, to standard output."""
    arguments = [argument.strip() for argument in sys.argv[1:]]
    if len(arguments) != 2 or not all(arguments):
        print(USAGE, file=sys.stderr)
        return 2
    stack, name = arguments
    try:
        token = create(stack, name)
    except KeyError:
        print(f"The stack {stack} has no accounts table. Is it a Nocall stack?", file=sys.stderr)
        return 1
    except (ClientError, BotoCoreError) as failed:
        print(f"No key was created: {failed}", file=sys.stderr)
        return 1
    print("This token is shown only once. Store it with your platform's other secrets.", file=sys.stderr)
    print(token)
    return 0


if __name__ == "__main__":
    sys.exit(main())
