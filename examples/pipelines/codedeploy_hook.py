"""A Lambda function for AWS CodeDeploy: hook it to BeforeAllowTraffic. It waits for the gate as long as it may run; environment as in ecs_hook.py."""

import time

import ecs_hook


def handler(event, context, client=None, pause=15.0):
    said = "IN_PROGRESS"
    while said == "IN_PROGRESS":
        said = ecs_hook.handler(event, context)["hookStatus"]
        if said == "IN_PROGRESS":
            if context.get_remaining_time_in_millis() < (pause + 70) * 1000:
                said = "FAILED"         # nobody could tell in time
            else:
                time.sleep(pause)
    if client is None:
        import boto3

        client = boto3.client("codedeploy")
    client.put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"], lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status="Succeeded" if said == "SUCCEEDED" else "Failed",
    )
    return said
