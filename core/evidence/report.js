// The report is about one day: its times always have their date.
localise(document, Date.now(), true);
