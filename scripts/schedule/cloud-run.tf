# terraform init && terraform apply -var project=p -var input_bucket=i -var output_bucket=o -var image=… -var config_secret=m4-balance-job
terraform {
  required_version = ">= 1.5"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 5.0"
    }
  }
}

variable "project" { type = string }
variable "region" {
  type    = string
  default = "europe-west4"
}
variable "input_bucket" { type = string }
variable "output_bucket" { type = string }
variable "image" { type = string }
variable "config_secret" {
  type        = string
  description = "The secret of Secret Manager that holds job.yaml"
}

provider "google" {
  project = var.project
  region  = var.region
}

resource "google_service_account" "runner" {
  account_id = "m4-balance"
}

resource "google_service_account" "scheduler" {
  account_id = "m4-balance-scheduler"
}

resource "google_storage_bucket_iam_member" "input" {
  bucket = var.input_bucket
  role   = "roles/storage.objectViewer"
  member = google_service_account.runner.member
}

resource "google_storage_bucket_iam_member" "output" {
  bucket = var.output_bucket
  role   = "roles/storage.objectUser"
  member = google_service_account.runner.member
}

resource "google_secret_manager_secret_iam_member" "config" {
  secret_id = var.config_secret
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.runner.member
}

resource "google_cloud_run_v2_job" "nightly" {
  name     = "m4-balance-nightly"
  location = var.region

  template {
    task_count  = 1
    parallelism = 1
    template {
      service_account = google_service_account.runner.email
      timeout         = "21600s"
      max_retries     = 1
      containers {
        image   = var.image
        command = ["node"]
        args    = ["/app/dist/bin/m4-balance.js", "nightly", "/etc/m4-balance/job.yaml", "--json"]
        resources {
          limits = {
            cpu    = "2"
            memory = "8Gi"
          }
        }
        volume_mounts {
          name       = "config"
          mount_path = "/etc/m4-balance"
        }
      }
      volumes {
        name = "config"
        secret {
          secret = var.config_secret
          items {
            version = "latest"
            path    = "job.yaml"
          }
        }
      }
    }
  }
  depends_on = [google_secret_manager_secret_iam_member.config]
}

resource "google_cloud_run_v2_job_iam_member" "scheduler" {
  name     = google_cloud_run_v2_job.nightly.name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.scheduler.member
}

resource "google_cloud_scheduler_job" "nightly" {
  name      = "m4-balance-nightly"
  region    = var.region
  schedule  = "0 3 * * *"
  time_zone = "Etc/UTC"

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/${google_cloud_run_v2_job.nightly.id}:run"
    oauth_token {
      service_account_email = google_service_account.scheduler.email
    }
  }
}
