# Makes the page's article of what cmark-gfm writes of it: awk -f article.awk formulas.html ARTICLE
#
# Formulas become the mathematics that formulas.html gives for them, figures' captions the places where
# figures go, headings places to link to, with a list of contents below the first paragraph. Notes, which
# are for readers of the documentation, are left out.

# Reads the rest of a block of code and returns it whole.
function code(   block) {
  block = $0
  while (getline > 0) {
    block = block "\n" $0
    if (/^<\/code><\/pre>$/) return block
  }
}

# What follows `opening` in the line, without the `closing` behind it.
function inside(opening, closing) {
  return substr($0, length(opening) + 1, length($0) - length(opening) - length(closing))
}

FNR == 1 { file++ }

file == 1 && /^<pre>/ { formula = code(); next }
file == 1 { mathematics[formula] = mathematics[formula] $0 "\n"; next }

/^<pre>/ {
  formula = code()
  if (!(formula in mathematics)) {
    print "Lab/Site/formulas.html has no mathematics for this formula of the article:\n" formula > "/dev/stderr"
    failed = 1
    exit 1
  }
  lines[++count] = mathematics[formula]
  next
}

/^<blockquote>$/ {
  getline
  if (!/^<p>Note: /) lines[++count] = "<aside>"
  else while (!/^<\/blockquote>$/) getline
  isAside = !/^<\/blockquote>$/
  if (!isAside) next
}

/^<\/blockquote>$/ { isAside = 0; lines[++count] = "</aside>"; next }

isAside { sub(/^<p>Where popular accounts go wrong:/, "<p><strong>Where popular accounts go wrong.</strong>") }

/^<h2>/ {
  title = inside("<h2>", "</h2>")
  name = tolower(title)
  gsub(/[^a-z]+/, "-", name)
  gsub(/^-|-$/, "", name)
  contents = contents "<li><a href=\"#" name "\">" title "</a></li>\n"
  $0 = "<h2 id=\"" name "\">" title "</h2>"
}

/^<p><strong>Figure [0-9]+\.<\/strong>/ {
  caption = inside("<p>", "</p>")
  number = caption
  gsub(/^<strong>Figure |\..*$/, "", number)
  $0 = "<figure id=\"figure-" number "\"><figcaption>" caption "</figcaption></figure>"
}

/^<table>$/ { $0 = "<div class=\"scroll\"><table>" }
/^<\/table>$/ { $0 = "</table></div>" }

{ lines[++count] = $0 }

END {
  if (failed) exit 1
  for (i = 1; i <= count; i++) {
    print lines[i]
    if (!isListed && lines[i] ~ /<\/p>$/) {
      print "<nav class=\"contents\" aria-label=\"Contents\">\n<ul>\n" contents "</ul>\n</nav>"
      isListed = 1
    }
  }
}
