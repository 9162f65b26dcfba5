# Package gate.lib.workflow flattens CI definitions. What has the wrong type in
# a definition is left out: it cannot run, and it must not end the judging.
package gate.lib.workflow

# text returns a string as it is and "" for a value of any other type.
text(value) := value if is_string(value)

text(value) := "" if not is_string(value)

# steps returns the steps of a GitHub workflow or composite action.
steps(w) := {step |
	w.platform == "github"
	some name, job in w.document.jobs
	some i, s in job.steps
	is_object(s)
	step := {"job": name, "path": ["jobs", name, "steps", i], "step": s, "uses": text(object.get(s, "uses", "")), "run": text(object.get(s, "run", "")), "with": inputs(s)}
} | {step |
	w.platform == "github"
	some i, s in w.document.runs.steps
	is_object(s)
	step := {"job": "", "path": ["runs", "steps", i], "step": s, "uses": text(object.get(s, "uses", "")), "run": text(object.get(s, "run", "")), "with": inputs(s)}
}

# inputs returns those inputs of a step that are text.
inputs(step) := {key: value |
	some key, value in step["with"]
	is_string(value)
}

# scripts returns every script with its job and place. A script of GitLab is a
# text or a list, and lists may hold lists.
scripts(w) := {script |
	some step in steps(w)
	step.run != ""
	script := {"job": step.job, "path": array.concat(step.path, ["run"]), "text": step.run}
} | {script |
	w.platform == "gitlab"
	some name, job in w.document
	some key in ["before_script", "script", "after_script"]
	walk(job[key], [path, value])
	is_string(value)
	script := {"job": name, "path": array.concat([name, key], path), "text": value}
} | {script |
	w.platform == "gitlab"
	some key in ["before_script", "script", "after_script"]
	walk(w.document[key], [path, value])
	is_string(value)
	script := {"job": "", "path": array.concat([key], path), "text": value}
}
