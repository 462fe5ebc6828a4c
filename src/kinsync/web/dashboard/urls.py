"""The addresses of pages. Their first parts are ``web.wsgi.PLACES``."""

from django.urls import include, path

from kinsync.web.dashboard import browser, district, home, syncs, team

urlpatterns = [
    path("", home.home, name="home"),
    path("accounts/", include("kinsync.web.accounts.urls")),
    path("district", district.choose, name="choose"),
    path("sync", syncs.history, name="sync"),
    path("sync/upload", syncs.upload, name="upload"),
    path("sync/pause", syncs.pause, name="pause"),
    path("sync/<int:sync_id>", syncs.report, name="report"),
    path("sync/<int:sync_id>/findings.csv", syncs.findings, name="findings"),
    path("sync/<int:sync_id>/findings/<slug:code>", syncs.finding, name="finding"),
    path("sync/<int:sync_id>/changes/<slug:kind>", syncs.changes, name="changes"),
    path("sync/<int:sync_id>/publish", syncs.publish, name="publish"),
    path("sync/<int:sync_id>/approve", syncs.approve, name="approve"),
    path("sync/<int:sync_id>/discard", syncs.discard, name="discard"),
    path("sync/versions/<int:version>", syncs.restore, name="restore"),
    path("data-browser", browser.start, name="browser"),
    path("data-browser/contacts", browser.contacts, name="contacts"),
    path("data-browser/student-contacts", browser.student_contacts, name="student-contacts"),
    path("data-browser/students", browser.students, name="students"),
    path("data-browser/schools", browser.schools, name="schools"),
    path("data-browser/<slug:tab>.csv", browser.download, name="download"),
    path("data-browser/contacts/<slug:id_>", browser.contact, name="contact"),
    path("data-browser/students/<slug:id_>", browser.student, name="student"),
    path("applications", district.applications, name="applications"),
    path("sources", district.sources, name="sources"),
    path("team", team.team, name="team"),
    path("audit", team.audit, name="audit"),
]
