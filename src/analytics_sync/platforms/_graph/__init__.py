"""What Meta's platforms share: requests to the Graph API, its refusals, batches and usage."""
