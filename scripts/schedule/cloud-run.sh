#!/usr/bin/env bash
# A Cloud Run job that runs m4-balance nightly, and a schedule that starts it at 03:00 UTC. Safe to repeat but for the creations.
#   PROJECT=p REGION=europe-west4 INPUT_BUCKET=i OUTPUT_BUCKET=o IMAGE=… CONFIG_SECRET=m4-balance-job ./cloud-run.sh
set -euo pipefail
: "${PROJECT:?}" "${REGION:?}" "${INPUT_BUCKET:?}" "${OUTPUT_BUCKET:?}" "${IMAGE:?}" "${CONFIG_SECRET:?}"
RUNNER="m4-balance@${PROJECT}.iam.gserviceaccount.com"
SCHEDULER="m4-balance-scheduler@${PROJECT}.iam.gserviceaccount.com"

gcloud iam service-accounts create m4-balance --project "$PROJECT"
gcloud iam service-accounts create m4-balance-scheduler --project "$PROJECT"
gcloud storage buckets add-iam-policy-binding "gs://${INPUT_BUCKET}" --member "serviceAccount:${RUNNER}" --role roles/storage.objectViewer
gcloud storage buckets add-iam-policy-binding "gs://${OUTPUT_BUCKET}" --member "serviceAccount:${RUNNER}" --role roles/storage.objectUser
gcloud secrets add-iam-policy-binding "$CONFIG_SECRET" --project "$PROJECT" \
  --member "serviceAccount:${RUNNER}" --role roles/secretmanager.secretAccessor
gcloud run jobs create m4-balance-nightly --project "$PROJECT" --region "$REGION" --image "$IMAGE" \
  --service-account "$RUNNER" --command node --args /app/dist/bin/m4-balance.js,nightly,/etc/m4-balance/job.yaml,--json \
  --set-secrets "/etc/m4-balance/job.yaml=${CONFIG_SECRET}:latest" \
  --cpu 2 --memory 8Gi --tasks 1 --max-retries 1 --task-timeout 6h
gcloud run jobs add-iam-policy-binding m4-balance-nightly --project "$PROJECT" --region "$REGION" \
  --member "serviceAccount:${SCHEDULER}" --role roles/run.invoker
gcloud scheduler jobs create http m4-balance-nightly --project "$PROJECT" --location "$REGION" \
  --schedule "0 3 * * *" --time-zone Etc/UTC --http-method POST \
  --uri "https://run.googleapis.com/v2/projects/${PROJECT}/locations/${REGION}/jobs/m4-balance-nightly:run" \
  --oauth-service-account-email "$SCHEDULER"
