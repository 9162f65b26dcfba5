package repository

import (
	"strconv"
	"strings"
)

// The variables by which a CI system tells its run:
//
//   - https://docs.github.com/en/actions/reference/workflows-and-actions/variables
//   - https://docs.gitlab.com/ci/variables/predefined_variables/
const (
	githubRun      = "GITHUB_RUN_ID"
	githubAttempt  = "GITHUB_RUN_ATTEMPT"
	gitlabPipeline = "CI_PIPELINE_ID"
)

// RunVariables are the names of all variables that ReadRun asks for.
func RunVariables() []string { return []string{githubRun, githubAttempt, gitlabPipeline} }

// ReadRun is the run of a CI system that a process belongs to, by its variables: the id of
// GitHub's workflow run and which attempt it is, or that of GitLab's pipeline, of which no
// attempts are counted. The id is empty outside of both.
func ReadRun(getenv func(string) string) (id string, attempt int) {
	if id = runID(getenv(githubRun)); id == "" {
		return runID(getenv(gitlabPipeline)), 0
	}
	attempt, err := strconv.Atoi(getenv(githubAttempt))
	if err != nil || attempt < 1 {
		return "", 0 // it cannot be told from another attempt
	}
	return id, attempt
}

// runID returns s if it is a number that forges could have given.
func runID(s string) string {
	if len(s) > 20 || strings.Trim(s, "0123456789") != "" {
		return ""
	}
	return s
}
